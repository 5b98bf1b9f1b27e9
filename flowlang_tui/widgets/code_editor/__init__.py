"""The code editor: lexers and folding that know no screen, and the widget `editor.CodeEditor` that shows them."""
