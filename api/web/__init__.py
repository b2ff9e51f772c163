"""The office's two faces: the design system (templates, styles, small ES modules), languages and page security."""
