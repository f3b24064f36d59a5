/* xrt.c - a double of XRT's library (libxrt_coreutil.so.2) for tests of fpga/devices/xrt.c: cards with units in plain C (plain_unit.h).
 *
 * A buffer's two halves lie apart, so that whoever forgets to copy them over is found out; handles and registers are checked, and what no program may do is counted. */
#include "tests/plugins/xrt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VISIBLE __attribute__((visibility("default")))
#define CARDS_MAX 4u
#define UNITS_MAX 32u
#define PAGE 4096u
#define RUBBISH 0x5c
#define POINTERS 5
#define RUNNING 1u /* in CTRL */
#define DONE 2u

struct card;

struct buffer {
	struct card *card;
	struct buffer *next;
	size_t bytes;
	uint64_t address;
	uint8_t *host, *device;
};

struct unit {
	struct card *card;
	bool open;
	uint32_t number;
	uint32_t left_running;
	struct plain_unit plain;
};

struct card {
	bool open, loaded;
	uint64_t next_address;
	struct buffer *buffers;
	struct unit unit[UNITS_MAX];
};

VISIBLE struct fake_xrt fake_xrt;
static struct card cards[CARDS_MAX];

/* Does this call fail, as a test wants it? */
static bool is_to_fail(const char *name)
{
	if (fake_xrt.only_in && fake_xrt.only_in != getpid())
		return false;
	if (!fake_xrt.fails || strcmp(fake_xrt.fails, name) || !fake_xrt.call || --fake_xrt.call)
		return false;
	errno = EIO;
	return true;
}

static bool is_wrong(bool wrong)
{
	fake_xrt.wrong += wrong;
	return wrong;
}

VISIBLE void *xrtDeviceOpen(unsigned index);
VISIBLE int xrtDeviceClose(void *device);
VISIBLE int xrtDeviceLoadXclbinFile(void *device, const char *path);
VISIBLE int xrtDeviceGetXclbinUUID(void *device, unsigned char *uuid);
VISIBLE void *xrtPLKernelOpenExclusive(void *device, const unsigned char *uuid, const char *name);
VISIBLE int xrtKernelClose(void *kernel);
VISIBLE int xrtKernelArgGroupId(void *kernel, int argument);
VISIBLE int xrtKernelReadRegister(void *kernel, uint32_t offset, uint32_t *value);
VISIBLE int xrtKernelWriteRegister(void *kernel, uint32_t offset, uint32_t value);
VISIBLE void *xrtBOAlloc(void *device, size_t bytes, uint64_t flags, uint32_t group);
VISIBLE int xrtBOFree(void *buffer);
VISIBLE uint64_t xrtBOAddress(void *buffer);
VISIBLE void *xrtBOMap(void *buffer);
VISIBLE int xrtBOSync(void *buffer, int direction, size_t bytes, size_t at);

void *xrtDeviceOpen(unsigned index)
{
	if (fake_xrt.aborts)
		abort();
	while (fake_xrt.hangs)
		pause();
	if (index >= fake_xrt.cards || index >= CARDS_MAX || is_to_fail(__func__))
		return NULL;
	if (is_wrong(cards[index].open))
		return NULL;
	cards[index] = (struct card){.open = true, .next_address = (uint64_t)(index + 1) << 34};
	fake_xrt.open_cards++;
	return &cards[index];
}

int xrtDeviceClose(void *device)
{
	struct card *c = device;

	if (is_wrong(!c->open || c->buffers))
		return -EINVAL;
	c->open = false;
	fake_xrt.open_cards--;
	return 0;
}

int xrtDeviceLoadXclbinFile(void *device, const char *path)
{
	struct card *c = device;
	char begin[sizeof FAKE_XRT_MAGIC] = "";
	FILE *f = is_to_fail(__func__) ? NULL : fopen(path, "rb");

	if (!f)
		return -ENOENT;
	c->loaded = fread(begin, 1, sizeof begin, f) == sizeof begin && !memcmp(begin, FAKE_XRT_MAGIC, sizeof begin);
	fclose(f);
	return c->loaded ? 0 : -EINVAL;
}

int xrtDeviceGetXclbinUUID(void *device, unsigned char *uuid)
{
	if (is_to_fail(__func__) || is_wrong(!((struct card *)device)->loaded))
		return -EIO;
	for (int i = 0; i < 16; i++)
		uuid[i] = (unsigned char)(i * 7 + 1);
	return 0;
}

static uint8_t *reach(void *at, uint64_t address, size_t bytes)
{
	const struct card *card = at;

	for (const struct buffer *b = card->buffers; b; b = b->next)
		if (address >= b->address && address - b->address <= b->bytes && bytes <= b->bytes - (address - b->address))
			return b->device + (address - b->address);
	return NULL;
}

/* "sluice_u16:{sluice_u16_2}" is unit 1, those of 32 bits follow; -1: the card has none of the name. */
static int number_of(const char *name)
{
	unsigned bits, again, i;
	int end = 0;

	if (sscanf(name, "sluice_u%u:{sluice_u%u_%u}%n", &bits, &again, &i, &end) != 3 || name[end] || bits != again || (bits != 16 && bits != 32) || i == 0 ||
	    i > (bits == 16 ? fake_xrt.n_narrow : fake_xrt.n_wide))
		return -1;
	return (int)(i - 1 + (bits == 16 ? 0 : fake_xrt.n_narrow));
}

void *xrtPLKernelOpenExclusive(void *device, const unsigned char *uuid, const char *name)
{
	struct card *c = device;
	int number = number_of(name);
	struct unit *u = &c->unit[number < 0 ? 0 : number];

	if (is_wrong(!c->loaded || uuid[15] != 106) || number < 0 || is_to_fail(__func__) || is_wrong(u->open)) {
		errno = ENOENT;
		return NULL;
	}
	if (fake_xrt.busy) {
		errno = EBUSY;
		return NULL;
	}
	*u = (struct unit){.card = c, .open = true, .number = (uint32_t)number, .left_running = fake_xrt.left_running};
	plain_unit_open(&u->plain, (unsigned)number < fake_xrt.n_narrow ? 16 : 32, reach, c);
	u->plain.lie = fake_xrt.lie;
	u->plain.after = fake_xrt.after;
	if (fake_xrt.identity)
		u->plain.reg[0xa0 / 4] = fake_xrt.identity;
	if (fake_xrt.version)
		u->plain.reg[0xa4 / 4] = fake_xrt.version;
	u->plain.reg[0] |= fake_xrt.left_done ? DONE : 0;
	fake_xrt.open_units++;
	return u;
}

int xrtKernelClose(void *kernel)
{
	struct unit *u = kernel;

	if (is_wrong(!u->open))
		return -1;
	u->open = false;
	fake_xrt.open_units--;
	return 0;
}

int xrtKernelArgGroupId(void *kernel, int argument)
{
	struct unit *u = kernel;

	if (is_wrong(!u->open || argument < 0 || argument >= POINTERS) || is_to_fail(__func__))
		return -EINVAL;
	return (int)u->number * POINTERS + argument;
}

int xrtKernelReadRegister(void *kernel, uint32_t offset, uint32_t *value)
{
	struct unit *u = kernel;

	if (is_wrong(!u->open || offset % 4 || offset >= 4096) || is_to_fail(__func__))
		return -EIO;
	*value = offset == 0 && u->left_running ? RUNNING : plain_unit_get(&u->plain, offset);
	u->left_running -= offset == 0 && u->left_running;
	return 0;
}

int xrtKernelWriteRegister(void *kernel, uint32_t offset, uint32_t value)
{
	struct unit *u = kernel;

	if (is_wrong(!u->open || offset % 4 || offset >= 4096) || is_to_fail(__func__))
		return -EIO;
	is_wrong(offset == 0 && value & 1 && (u->left_running || u->plain.reg[0] & DONE)); /* the end of the job before would be taken for that of this one */
	plain_unit_set(&u->plain, offset, value);
	return 0;
}

void *xrtBOAlloc(void *device, size_t bytes, uint64_t flags, uint32_t group)
{
	struct card *c = device;
	struct buffer *b;

	if (is_wrong(!c->open || bytes == 0 || bytes % PAGE || group >= UNITS_MAX * POINTERS) || is_to_fail(__func__))
		return NULL;
	b = calloc(1, sizeof *b);
	*b = (struct buffer){.card = c, .next = c->buffers, .bytes = bytes, .address = c->next_address + fake_xrt.askew, .host = malloc(bytes), .device = malloc(bytes)};
	memset(b->host, RUBBISH, bytes);
	memset(b->device, (uint8_t)~RUBBISH, bytes);
	c->next_address += bytes + PAGE;
	c->buffers = b;
	fake_xrt.buffers++;
	return b;
}

int xrtBOFree(void *buffer)
{
	struct buffer *b = buffer, **at = &b->card->buffers;

	while (*at && *at != b)
		at = &(*at)->next;
	if (is_wrong(!*at))
		return -EINVAL;
	*at = b->next;
	free(b->host);
	free(b->device);
	free(b);
	fake_xrt.buffers--;
	return 0;
}

uint64_t xrtBOAddress(void *buffer)
{
	return ((struct buffer *)buffer)->address;
}

void *xrtBOMap(void *buffer)
{
	return is_to_fail(__func__) ? NULL : ((struct buffer *)buffer)->host;
}

int xrtBOSync(void *buffer, int direction, size_t bytes, size_t at)
{
	struct buffer *b = buffer;

	if (is_wrong(at > b->bytes || bytes > b->bytes - at || (direction != 0 && direction != 1)) || is_to_fail(__func__))
		return -EIO;
	if (direction == 0)
		memcpy(b->device + at, b->host + at, bytes);
	else
		memcpy(b->host + at, b->device + at, bytes);
	return 0;
}
