/* nxmx_columns.c - the columns of the results file, one table each for rows, spots and profiles. See nxmx_columns.h. */
#include "host/nxmx_columns.h"

#include <stddef.h>
#include <string.h>

#define AT(name) offsetof(struct record, name)
#define U64(name, units, words) {#name, NXMX_U64, 8, AT(name), units, words, false, false}
#define U32(name, units, words) {#name, NXMX_U32, 4, AT(name), units, words, false, false}
#define F64(name, units, words) {#name, NXMX_F64, 8, AT(name), units, words, true, false}
#define TEXT(name, words) {#name, NXMX_TEXT_AT, NXMX_TEXT_COLUMN, AT(name), NULL, words, false, false}

static const struct nxmx_column rows[] = {
	U64(image_id, NULL, "the detector's number of the frame"),
	U64(number, NULL, "running number of the results stream"),
	{"status", NXMX_STATUS, 1, AT(status), NULL, "0 analysed, 1 unanalysed, 2 invalid", false, false},
	TEXT(reason, "why it was not analysed"),
	TEXT(engine, "which engine analysed it"),
	U64(plan_version, NULL, "of the settings it was analysed with; 0: none"),
	U64(received_unix_ns, "ns", "when the message was received"),
	F64(start_time_s, "s", "the detector's, relative to the series' date"),
	F64(stop_time_s, "s", NULL),
	F64(real_time_s, "s", "exposure"),
	U64(payload_bytes, "bytes", "compressed"),
	U64(sum, "counts", "of the valid pixels"),
	U32(n_valid, "pixels", NULL),
	U32(n_nodata, "pixels", NULL),
	U32(n_saturated, "pixels", NULL),
	U32(max, "counts", "largest valid value"),
	U32(max_index, NULL, "its flat index, y * width + x"),
	U32(n_strong, "pixels", NULL),
	U32(overflow, NULL, "1 more strong pixels than the cap, 2 more spots"),
	F64(n_spots, NULL, "NaN: not known"),
	F64(n_spots_ring_free, NULL, NULL),
	F64(n_spots_range, NULL, NULL),
	F64(total_intensity, "counts", NULL),
	F64(total_signal, "counts", NULL),
	F64(background, "counts/pixel", NULL),
	F64(d_min, "angstrom", NULL),
	F64(d_min_shells, "angstrom", NULL),
	F64(ice, NULL, "sigmas"),
	F64(score, NULL, NULL),
	{"hit", NXMX_BOOL, 1, AT(hit), NULL, NULL, false, false},
	{"kept", NXMX_BOOL, 1, AT(kept), NULL, NULL, false, false},
	U32(width, "pixels", NULL),
	U32(height, "pixels", NULL),
	{"elem_bytes", NXMX_U8, 1, AT(elem_bytes), "bytes", "of a pixel", false, false},
	{"spots_offset", NXMX_SPOTS_OFFSET, 8, 0, NULL, "index of the first spot in spots/", false, false},
	{"spots_count", NXMX_U32, 4, AT(n_listed_spots), NULL, "spots listed in spots/", false, false},
};

static const struct nxmx_column spots[] = {
	{"x", NXMX_F64, 8, 0, "pixels", "centroid, pixel centres at +0.5", true, false},
	{"y", NXMX_F64, 8, 0, "pixels", NULL, true, false},
	{"sum", NXMX_U64, 8, 0, "counts", NULL, false, false},
	{"n_px", NXMX_U32, 4, 0, "pixels", NULL, false, false},
	{"max", NXMX_U32, 4, 0, "counts", NULL, false, false},
	{"d", NXMX_F32, 4, 0, "angstrom", "resolution; NaN without geometry", true, false},
};

static const struct nxmx_column radial[] = {
	{"bin_sum", NXMX_U64, 8, 0, "counts", NULL, false, true},
	{"bin_count", NXMX_U32, 4, 0, "pixels", "valid pixels", false, true},
	{"intensity", NXMX_F32, 4, 0, "counts/pixel", "solid angle (and polarisation) corrected", true, true},
	{"sigma", NXMX_F32, 4, 0, "counts/pixel", "Poisson", true, true},
};

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof *(array)))

const struct nxmx_column *nxmx_row_columns(unsigned *n)
{
	*n = COUNT(rows);
	return rows;
}

const struct nxmx_column *nxmx_spot_columns(unsigned *n)
{
	*n = COUNT(spots);
	return spots;
}

const struct nxmx_column *nxmx_radial_columns(unsigned *n)
{
	*n = COUNT(radial);
	return radial;
}

hid_t nxmx_column_type(const struct nxmx_column *column)
{
	switch (column->kind) {
	case NXMX_U64:
	case NXMX_SPOTS_OFFSET:
		return H5Tcopy(H5T_STD_U64LE);
	case NXMX_U32:
		return H5Tcopy(H5T_STD_U32LE);
	case NXMX_F64:
		return H5Tcopy(H5T_IEEE_F64LE);
	case NXMX_F32:
		return H5Tcopy(H5T_IEEE_F32LE);
	case NXMX_TEXT_AT: {
		hid_t type = H5Tcopy(H5T_C_S1);
		H5Tset_size(type, column->bytes);
		H5Tset_strpad(type, H5T_STR_NULLPAD);
		return type;
	}
	default:
		return H5Tcopy(H5T_STD_U8LE);
	}
}

void nxmx_column_take(const struct nxmx_column *column, void *to, const struct record *record, uint64_t spots_offset)
{
	const char *from = (const char *)record + column->member;
	switch (column->kind) {
	case NXMX_SPOTS_OFFSET:
		memcpy(to, &spots_offset, sizeof spots_offset);
		break;
	case NXMX_STATUS:
		*(uint8_t *)to = (uint8_t)record->status;
		break;
	case NXMX_BOOL:
		*(uint8_t *)to = *(const bool *)from;
		break;
	case NXMX_TEXT_AT: {
		const char *text = *(const char *const *)(const void *)from;
		memset(to, 0, column->bytes);
		if (text)
			memcpy(to, text, strnlen(text, column->bytes));
		break;
	}
	default:
		memcpy(to, from, column->bytes);
	}
}
