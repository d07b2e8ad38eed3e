"""What training does from one optimizer step to the next: forward, loss, backward, step, clear."""
