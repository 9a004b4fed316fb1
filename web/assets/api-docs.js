// Starts Swagger UI on our own description. A token that somebody enters stays in this page and is gone with it.
"use strict";

SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
  tryItOutEnabled: true,
});
