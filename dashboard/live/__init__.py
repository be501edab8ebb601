"""The network in the browser: the JavaScript that runs and draws it, and the Python that feeds it.

The JavaScript is `module/`, plain files that a browser loads as they are.
"""
