"""Runs made from the record of another: resumed, forked, replayed, sampled again."""
