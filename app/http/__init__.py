"""What every route shares: guards, error mapping, bodies, SSE, OpenAPI. Knows no domain."""
