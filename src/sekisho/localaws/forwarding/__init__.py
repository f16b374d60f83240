"""Having moto answer a request that was decided on, held to just that."""
