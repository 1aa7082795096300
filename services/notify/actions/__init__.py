"""One async function per verb; here domain and store meet."""
