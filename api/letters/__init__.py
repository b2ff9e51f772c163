"""Letters: typst templates set as PDF, with QR codes; knows texts and facts, no database."""
