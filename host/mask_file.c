/* mask_file.c - a mask file of any kind: which kind it is, raw bytes, and NumPy arrays. Reads the one file. */
#include "host/mask_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/mask_file_formats.h"

#define PATH_BYTES 4096
#define NPY_HEADER_MAX 65536u /* of the text; the fields that matter take a hundred bytes */

int mask_refuse(const struct mask_request *m, int error, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(m->message, m->message_bytes, format, list);
	va_end(list);
	return error;
}

int mask_check_size(const struct mask_request *m, uint64_t width, uint64_t height)
{
	if (width == m->width && height == m->height)
		return 0;
	return mask_refuse(m, -EINVAL, "%ju x %ju pixels (width x height), but the detector has %u x %u", (uintmax_t)width, (uintmax_t)height,
			   m->width, m->height);
}

void mask_mark(uint8_t *out, const uint8_t *values, size_t n, size_t value_bytes, size_t stride_bytes)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t any = 0;

		for (size_t b = 0; b < value_bytes; b++)
			any |= values[i * stride_bytes + b];
		out[i] = any != 0;
	}
}

/* --- raw ---------------------------------------------------------------------------------------------------------------------- */

static int read_raw(const struct mask_request *m, FILE *file)
{
	size_t n = (size_t)m->width * m->height;
	struct stat about;

	if (fstat(fileno(file), &about))
		return mask_refuse(m, -errno, "%s", strerror(errno));
	if ((uintmax_t)about.st_size != n)
		return mask_refuse(m, -EINVAL, "neither HDF5, NumPy, PNG nor TIFF, and as raw bytes %jd are not the %zu of %u x %u pixels",
				   (intmax_t)about.st_size, n, m->width, m->height);
	if (fread(m->out, 1, n, file) != n)
		return mask_refuse(m, -EBADMSG, "ends too early");
	mask_mark(m->out, m->out, n, 1, 1);
	return 0;
}

/* --- NumPy (format versions 1 to 3) ------------------------------------------------------------------------------------------- */

struct npy {
	char kind;           /* b, u, i, f */
	size_t value_bytes;
	bool column_major, big_endian;
	uint64_t shape[2];
};

/* The text behind "'key':" of the header's dictionary, or NULL. */
static const char *npy_field(const char *header, const char *key)
{
	char quoted[32];
	const char *at;

	snprintf(quoted, sizeof quoted, "'%s':", key);
	at = strstr(header, quoted);
	return at ? at + strlen(quoted) + strspn(at + strlen(quoted), " ") : NULL;
}

static bool npy_is_type(struct npy *npy, const char *descr)
{
	if (!descr || descr[0] != '\'' || !descr[1] || !strchr("|<>=", descr[1]) || !descr[2] || !strchr("buif", descr[2]) || !descr[3] ||
	    !strchr("1248", descr[3]) || descr[4] != '\'')
		return false;
	npy->big_endian = descr[1] == '>';
	npy->kind = descr[2];
	npy->value_bytes = (size_t)(descr[3] - '0');
	return npy->kind == 'b' ? npy->value_bytes == 1 : npy->kind != 'f' || npy->value_bytes > 1;
}

/* "(H, W)" or, as detectors' masks often have it, "(1, H, W)". */
static bool npy_is_shape(struct npy *npy, const char *shape)
{
	unsigned long long n[3];
	int count = 0;

	if (!shape || *shape++ != '(')
		return false;
	while (count < 3) {
		char *end;

		shape += strspn(shape, " ");
		if (!strspn(shape, "0123456789"))
			break;
		errno = 0;
		n[count++] = strtoull(shape, &end, 10);
		if (errno)
			return false;
		shape = end + strspn(end, " ,");
	}
	if (*shape != ')' || count < 2 || (count == 3 && n[0] != 1))
		return false;
	npy->shape[0] = n[count - 2];
	npy->shape[1] = n[count - 1];
	return true;
}

static int npy_read_header(const struct mask_request *m, FILE *file, struct npy *npy)
{
	uint8_t head[12];
	char *text = NULL;
	const char *order;
	size_t len;
	int error;

	if (fread(head, 1, 10, file) != 10 || head[6] < 1 || head[6] > 3)
		return mask_refuse(m, -EBADMSG, "NumPy's head is cut short or of an unknown version");
	len = head[8] | (size_t)head[9] << 8;
	if (head[6] > 1) {
		if (fread(head + 10, 1, 2, file) != 2)
			return mask_refuse(m, -EBADMSG, "NumPy's head is cut short");
		len |= (size_t)head[10] << 16 | (size_t)head[11] << 24;
	}
	if (len > NPY_HEADER_MAX)
		return mask_refuse(m, -EBADMSG, "NumPy's head claims %zu bytes", len);
	text = calloc(1, len + 1);
	if (!text)
		return mask_refuse(m, -ENOMEM, "out of memory");
	error = fread(text, 1, len, file) != len ? mask_refuse(m, -EBADMSG, "NumPy's head is cut short") : 0;
	order = npy_field(text, "fortran_order");
	if (!error && !npy_is_type(npy, npy_field(text, "descr")))
		error = mask_refuse(m, -EINVAL, "the NumPy array's type is none of bool, integers and floating point");
	if (!error && !npy_is_shape(npy, npy_field(text, "shape")))
		error = mask_refuse(m, -EINVAL, "the NumPy array is not two-dimensional");
	if (!error && (!order || (strncmp(order, "False", 5) && strncmp(order, "True", 4))))
		error = mask_refuse(m, -EBADMSG, "NumPy's head does not say in which order the values are");
	npy->column_major = order && *order == 'T';
	free(text);
	return error ? error : mask_check_size(m, npy->shape[1], npy->shape[0]);
}

/* One line of values (a row, or a column where the first index runs fastest) at a time. */
int mask_read_npy(const struct mask_request *m, FILE *file)
{
	struct npy npy = { 0 };
	size_t n_lines, line_values;
	uint8_t *line, *marks;
	int error = npy_read_header(m, file, &npy);

	if (error)
		return error;
	n_lines = npy.column_major ? m->width : m->height;
	line_values = npy.column_major ? m->height : m->width;
	line = malloc(line_values * npy.value_bytes + line_values);
	if (!line)
		return mask_refuse(m, -ENOMEM, "out of memory");
	marks = line + line_values * npy.value_bytes;
	for (size_t i = 0; i < n_lines && !error; i++) {
		if (fread(line, npy.value_bytes, line_values, file) != line_values) {
			error = mask_refuse(m, -EBADMSG, "ends in the middle of the array");
			break;
		}
		for (size_t v = 0; npy.kind == 'f' && v < line_values; v++) /* minus zero is zero */
			line[v * npy.value_bytes + (npy.big_endian ? 0 : npy.value_bytes - 1)] &= 0x7f;
		mask_mark(marks, line, line_values, npy.value_bytes, npy.value_bytes);
		for (size_t v = 0; v < line_values; v++)
			m->out[npy.column_major ? v * m->width + i : i * m->width + v] = marks[v];
	}
	if (!error && fgetc(file) != EOF)
		error = mask_refuse(m, -EBADMSG, "bytes follow after the array");
	free(line);
	return error;
}

/* --- which kind --------------------------------------------------------------------------------------------------------------- */

enum kind { KIND_RAW, KIND_HDF5, KIND_NPY, KIND_PNG, KIND_TIFF };

static enum kind kind_of(const uint8_t *head, size_t n)
{
	static const struct {
		enum kind kind;
		size_t len;
		const char *bytes;
	} marks[] = {
		{ KIND_HDF5, 8, "\211HDF\r\n\032\n" }, { KIND_NPY, 6, "\223NUMPY" }, { KIND_PNG, 8, "\211PNG\r\n\032\n" },
		{ KIND_TIFF, 4, "II*\0" }, { KIND_TIFF, 4, "MM\0*" }, { KIND_TIFF, 4, "II+\0" }, { KIND_TIFF, 4, "MM\0+" },
	};

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (n >= marks[i].len && !memcmp(head, marks[i].bytes, marks[i].len))
			return marks[i].kind;
	return KIND_RAW;
}

static int read_kind(const struct mask_request *m, FILE *file)
{
	uint8_t head[8];
	struct stat about;
	enum kind kind;

	if (fstat(fileno(file), &about) || !S_ISREG(about.st_mode))
		return mask_refuse(m, -EINVAL, "not a file");
	kind = kind_of(head, fread(head, 1, sizeof head, file));
	rewind(file);
	if (kind != KIND_HDF5 && m->dataset[0])
		return mask_refuse(m, -EINVAL, "not an HDF5 file, so it has no dataset %s", m->dataset);
	switch (kind) {
	case KIND_HDF5:
		return mask_read_hdf5(m);
	case KIND_NPY:
		return mask_read_npy(m, file);
	case KIND_PNG:
		return mask_read_png(m, file);
	case KIND_TIFF:
		return mask_read_tiff(m);
	case KIND_RAW:
		break;
	}
	return read_raw(m, file);
}

/* Does not wait for the other end of a pipe, as fopen would. */
static FILE *open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "rb");

	if (fd >= 0 && !file)
		close(fd);
	return file;
}

/* A file whose name holds a colon is taken as it is; else what follows the last colon is the dataset. */
static FILE *open_named(char path[PATH_BYTES], const char **dataset)
{
	FILE *file = open_file(path);
	char *colon = strrchr(path, ':');

	if (file || !colon || colon == path)
		return file;
	*colon = 0;
	file = open_file(path);
	if (file)
		*dataset = colon + 1;
	else
		*colon = ':';
	return file;
}

int mask_file_read(uint8_t **out, const char *name, uint32_t width, uint32_t height, char *message, size_t message_bytes)
{
	char path[PATH_BYTES], why[512] = "";
	struct mask_request m = { path, "", width, height, NULL, why, sizeof why };
	FILE *file = NULL;
	int error;

	*out = NULL;
	if (!width || !height || width > 65535 || height > 65535)
		error = mask_refuse(&m, -EINVAL, "a mask of %u x %u pixels is asked for", width, height);
	else if ((size_t)snprintf(path, sizeof path, "%s", name) >= sizeof path)
		error = mask_refuse(&m, -ENAMETOOLONG, "the name is too long");
	else if (!(file = open_named(path, &m.dataset)))
		error = mask_refuse(&m, -errno, "%s", strerror(errno));
	else if (!(m.out = calloc(width, height)))
		error = mask_refuse(&m, -ENOMEM, "out of memory");
	else
		error = read_kind(&m, file);
	if (file)
		fclose(file);
	if (error) {
		snprintf(message, message_bytes, "mask %s: %s", name, why);
		free(m.out);
		return error;
	}
	*out = m.out;
	return 0;
}
