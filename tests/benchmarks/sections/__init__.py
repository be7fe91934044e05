"""The sections of the page. Each module has a title, measures, and shows what it measured; its docstring is the text.

=========================  ====================================================================================
``measure(settings)``      figures: dicts, lists, strings and numbers only, so that they can be kept in a file
``tables(figures)``        the tables of the section
``draw(figures, path)``    its picture
=========================  ====================================================================================
"""
