/** Stands for `@rjsf/validator-ajv8`, which the form library wants for its own tests: it needs `eval`, and is not installed. */
export default undefined;
