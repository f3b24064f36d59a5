/* test_configs.c - the files in configs/ can be used as they are, and reference.yaml is what `sluice config` prints. Needs the source folder. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/config.h"

static const char *source;
static char message[1024];

static char *read_all(const char *path, size_t *len)
{
	char *text = calloc(1, 1 << 20);
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	*len = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	return text;
}

static void the_reference_configuration_is_what_is_printed(void **state)
{
	struct config *config = malloc(sizeof *config);
	char path[1024], *printed, *stored;
	size_t len;

	snprintf(path, sizeof path, "%s/configs/reference.yaml", source);
	config_defaults(config);
	printed = config_print(config, true);
	stored = read_all(path, &len);
	assert_string_equal(printed, stored);
	free(stored);
	free(printed);
	free(config);
}

static void its_lines_can_be_read_on_a_screen_and_all_explain_themselves(void **state)
{
	struct config *config = malloc(sizeof *config);
	char *printed;

	config_defaults(config);
	printed = config_print(config, true);
	for (char *line = strtok(printed, "\n"); line; line = strtok(NULL, "\n")) {
		assert_non_null(strstr(line, "# "));
		if (strlen(line) > 140)
			fail_msg("%zu columns: %s", strlen(line), line);
	}
	free(printed);
	free(config);
}

/* Each begins with when to use it, is short, differs from the defaults, and needs at most an output directory of its own. */
static void every_other_file_can_be_used_as_it_is(void **state)
{
	struct config *config = malloc(sizeof *config), *defaults = malloc(sizeof *defaults);
	const char *const elsewhere[] = { "output.directory=none" };
	char folder[1024];
	const struct dirent *entry;
	int n_files = 0;
	DIR *dir;

	config_defaults(defaults);
	snprintf(folder, sizeof folder, "%s/configs", source);
	dir = opendir(folder);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');
		char path[2048], *text;
		size_t len, n_lines = 0;

		if (!dot || strcmp(dot, ".yaml") || !strcmp(entry->d_name, "reference.yaml"))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		text = read_all(path, &len);
		for (size_t i = 0; i < len; i++)
			n_lines += text[i] == '\n';
		assert_true(text[0] == '#' && n_lines < 30);
		free(text);
		if (config_load(config, path, elsewhere, 1, message, sizeof message) || config_check(config, message, sizeof message))
			fail_msg("%s", message);
		assert_true(memcmp(config, defaults, sizeof *config));
		n_files++;
	}
	closedir(dir);
	assert_true(n_files >= 7);
	free(defaults);
	free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reference_configuration_is_what_is_printed),
		cmocka_unit_test(its_lines_can_be_read_on_a_screen_and_all_explain_themselves),
		cmocka_unit_test(every_other_file_can_be_used_as_it_is),
	};

	source = getenv("SLUICE_SOURCE");
	if (!source) {
		printf("skipped: SLUICE_SOURCE does not say where the source folder is\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
