/* nxmx_versions.c - which settings each plan_version of a results file stands for: /entry/versions, a row when a version is first seen. See nxmx_parts.h.
 *
 * A row's plan_version is written last, so that a killed process leaves no row half told. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/hdf5_put.h"
#include "host/nxmx_parts.h"

#define CHANGES_BYTES 4096
#define CONFIG_BYTES 65536

enum { CONFIGURATION, CHANGES, CHANNEL, SETTINGS_VERSION, UNIX_NS, PLAN_VERSION };

static const struct {
	const char *name, *words;
	size_t text_bytes; /* 0: u64 */
} columns[NXMX_VERSIONS_COLUMNS] = {
	[CONFIGURATION] = {"configuration", "the whole configuration then, YAML", CONFIG_BYTES},
	[CHANGES] = {"changes", "what was changed against the version before, a JSON list of assignments", CHANGES_BYTES},
	[CHANNEL] = {"channel", "the plan is for", STREAM_NAME_MAX},
	[SETTINGS_VERSION] = {"settings_version", "of the configuration, from 1 since the node began", 0},
	[UNIX_NS] = {"unix_ns", "when these settings were applied, nanoseconds of Unix time", 0},
	[PLAN_VERSION] = {"plan_version", "as results have it", 0},
};

static hid_t type_of(unsigned i)
{
	hid_t type = H5Tcopy(columns[i].text_bytes ? H5T_C_S1 : H5T_STD_U64LE);

	if (columns[i].text_bytes) {
		H5Tset_size(type, columns[i].text_bytes);
		H5Tset_cset(type, H5T_CSET_UTF8);
		H5Tset_strpad(type, H5T_STR_NULLPAD);
	}
	return type;
}

int nxmx_versions_make(struct nxmx_versions *v, struct hdf5_put *put)
{
	hsize_t none = 0, any = H5S_UNLIMITED, chunk;
	char path[64];

	v->n = 0;
	hdf5_put_group(put, "/entry/versions", "NXcollection");
	for (unsigned i = 0; i < NXMX_VERSIONS_COLUMNS; i++) {
		hid_t type = type_of(i), space = H5Screate_simple(1, &none, &any), layout = H5Pcreate(H5P_DATASET_CREATE);

		chunk = columns[i].text_bytes ? 1 : 64;
		H5Pset_chunk(layout, 1, &chunk);
		if (columns[i].text_bytes)
			H5Pset_deflate(layout, 1);
		snprintf(path, sizeof(path), "/entry/versions/%s", columns[i].name);
		v->dataset[i] = H5Dcreate2(put->file, path, type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
		H5Pclose(layout);
		H5Sclose(space);
		H5Tclose(type);
		if (v->dataset[i] < 0)
			return -EIO;
		hdf5_put_attr_text(put, path, "description", columns[i].words);
	}
	return 0;
}

static int put_row(hid_t dataset, unsigned i, uint64_t row, const void *value)
{
	hsize_t rows = row + 1, at = row, one = 1;
	hid_t type = type_of(i), memory = H5Screate_simple(1, &one, NULL), file = -1;
	int rc = -EIO;

	if (H5Dset_extent(dataset, &rows) >= 0 && (file = H5Dget_space(dataset)) >= 0 &&
	    H5Sselect_hyperslab(file, H5S_SELECT_SET, &at, NULL, &one, NULL) >= 0 && H5Dwrite(dataset, type, memory, file, H5P_DEFAULT, value) >= 0 &&
	    H5Dflush(dataset) >= 0)
		rc = 0;
	if (file >= 0)
		H5Sclose(file);
	H5Sclose(memory);
	H5Tclose(type);
	return rc;
}

int nxmx_versions_add(struct nxmx_versions *v, const struct nxmx_version *version)
{
	const char *texts[] = {[CONFIGURATION] = version->config, [CHANGES] = version->changes, [CHANNEL] = version->channel};
	const uint64_t numbers[] = {[SETTINGS_VERSION] = version->settings_version, [UNIX_NS] = version->unix_ns, [PLAN_VERSION] = version->plan_version};
	char *text = calloc(1, CONFIG_BYTES);
	int rc = text ? 0 : -ENOMEM;

	for (unsigned i = 0; i < NXMX_VERSIONS_COLUMNS && rc == 0; i++) {
		if (columns[i].text_bytes) {
			memset(text, 0, columns[i].text_bytes);
			memcpy(text, texts[i], strnlen(texts[i], columns[i].text_bytes - 1));
		}
		rc = put_row(v->dataset[i], i, v->n, columns[i].text_bytes ? (const void *)text : &numbers[i]);
	}
	free(text);
	if (rc == 0)
		v->n++;
	return rc;
}
