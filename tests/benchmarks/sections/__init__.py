"""The sections of the page. Each module measures, and shows what was measured:

``measure(settings)``  gives figures, made of dicts, lists and numbers only, so that they can be kept in a file
``tables(figures)``    the tables of the section
``draw(figures, axes)``  its picture
"""
