"""The officers' half of a case: queue, lease, evidence that was really seen, decision, answers."""
