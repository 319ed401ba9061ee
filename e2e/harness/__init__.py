"""What every end-to-end test stands on: processes, nodes, clusters, a RESP client, waiting."""
