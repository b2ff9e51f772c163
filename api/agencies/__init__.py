"""Who answers: the agencies of the province and the governments of its regencies and cities."""
