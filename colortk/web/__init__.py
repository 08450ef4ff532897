"""A static web page that colorizes pictures in the browser, for `colortk web export`."""
