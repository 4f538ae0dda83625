"""What each stage computes, shard by shard or as a Beam job."""
