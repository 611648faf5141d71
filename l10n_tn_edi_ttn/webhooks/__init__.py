"""Messages to other systems about what became of an invoice: how they are signed, and what an answer means."""
