/* "arm64, generated on amd64" */
const char *toyc(void);
