/* nxmx_columns.h - the columns of the results file, and how a record becomes a row. For nxmx_results.c and recovery. */
#ifndef HOST_NXMX_COLUMNS_H
#define HOST_NXMX_COLUMNS_H

#include <stdbool.h>
#include <stdint.h>

#include <hdf5.h>

#include "host/record.h"

#define NXMX_COLUMNS_MAX 48
#define NXMX_TEXT_COLUMN 48 /* bytes of a text in a row; longer ones are cut */

enum nxmx_column_kind { NXMX_U64, NXMX_U32, NXMX_U8, NXMX_F64, NXMX_F32, NXMX_TEXT_AT, NXMX_STATUS, NXMX_BOOL, NXMX_SPOTS_OFFSET };

struct nxmx_column {
	const char *name;
	enum nxmx_column_kind kind;
	uint32_t bytes;          /* of one value in memory and in the file */
	size_t member;           /* offset in struct record */
	const char *units, *words;
	bool is_float, wide;     /* wide: two-dimensional */
};

const struct nxmx_column *nxmx_row_columns(unsigned *n);
const struct nxmx_column *nxmx_spot_columns(unsigned *n);
const struct nxmx_column *nxmx_radial_columns(unsigned *n);

/* Little-endian, which every supported machine is; close with H5Tclose. */
hid_t nxmx_column_type(const struct nxmx_column *column);

/* The value of a record in a row column. spots_offset: how many spots the rows before have. */
void nxmx_column_take(const struct nxmx_column *column, void *to, const struct record *record, uint64_t spots_offset);

#endif
