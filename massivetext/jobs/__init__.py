"""The work of each stage: functions of one shard, and the Beam jobs of the stages that need a shuffle."""
