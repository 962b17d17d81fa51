// Shows the API's description; what it needs comes from this box alone.
window.SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  docExpansion: 'none',
  filter: true,
  tagsSorter: 'alpha',
  displayRequestDuration: true,
  defaultModelsExpandDepth: -1,
  validatorUrl: null
})
