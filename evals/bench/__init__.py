"""`make bench`: speed as ratios in one run, so that the figures hold on any machine."""
