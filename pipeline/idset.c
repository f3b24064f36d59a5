/* idset.c - pages of bits in an open-addressed table (idset.h). */
#include "pipeline/idset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/memory.h"

#define PAGE_IDS 65536u
#define PAGE_WORDS (PAGE_IDS / 64)
#define PAGES_DEFAULT 4096

struct page {
	uint64_t number; /* id / PAGE_IDS */
	uint32_t seen;
	uint64_t *bits;
};

struct idset {
	uint32_t n_pages, max_pages;
	struct page *page;      /* sorted by number: new pages nearly always go to the end */
	uint64_t **spare;       /* bit maps not in use, all zero */
	struct memory bits;
	uint64_t retired_below; /* ids below this are over */
	uint64_t retired_seen;  /* how many of those were seen */
};

int idset_open(struct idset **out, uint32_t max_pages)
{
	struct idset *set = calloc(1, sizeof(*set));

	*out = NULL;
	if (!set)
		return -ENOMEM;
	set->max_pages = max_pages ? max_pages : PAGES_DEFAULT;
	set->page = calloc(set->max_pages, sizeof(*set->page));
	set->spare = calloc(set->max_pages, sizeof(*set->spare));
	if (!set->page || !set->spare || memory_open(&set->bits, (size_t)set->max_pages * PAGE_IDS / 8, -1, false) < 0) {
		idset_close(&set);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < set->max_pages; i++)
		set->spare[i] = (uint64_t *)set->bits.at + (size_t)(set->max_pages - 1 - i) * PAGE_WORDS;
	*out = set;
	return 0;
}

void idset_close(struct idset **set)
{
	if (!*set)
		return;
	memory_close(&(*set)->bits);
	free((*set)->page);
	free((*set)->spare);
	free(*set);
	*set = NULL;
}

static void give_back(struct idset *set, uint32_t i)
{
	memset(set->page[i].bits, 0, PAGE_IDS / 8);
	set->spare[set->max_pages - set->n_pages] = set->page[i].bits;
	memmove(&set->page[i], &set->page[i + 1], (set->n_pages - i - 1) * sizeof(*set->page));
	set->n_pages--;
}

void idset_clear(struct idset *set)
{
	while (set->n_pages)
		give_back(set, set->n_pages - 1);
	set->retired_below = 0;
	set->retired_seen = 0;
}

/* The first page whose number is not below the given one. */
static uint32_t find(const struct idset *set, uint64_t number)
{
	uint32_t low = 0, high = set->n_pages;

	if (high && set->page[high - 1].number < number)
		return high;
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (set->page[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum idset_answer idset_add(struct idset *set, uint64_t id)
{
	uint64_t number = id / PAGE_IDS, bit = 1ull << (id % 64);
	uint32_t i, word = (uint32_t)(id % PAGE_IDS / 64);

	if (id < set->retired_below)
		return IDSET_RETIRED;
	i = find(set, number);
	if (i == set->n_pages || set->page[i].number != number) {
		if (set->n_pages == set->max_pages) {
			if (number < set->page[0].number)
				return IDSET_RETIRED;
			set->retired_below = (set->page[0].number + 1) * PAGE_IDS;
			set->retired_seen += set->page[0].seen;
			give_back(set, 0);
			i--;
		}
		memmove(&set->page[i + 1], &set->page[i], (set->n_pages - i) * sizeof(*set->page));
		set->page[i] = (struct page){number, 0, set->spare[set->max_pages - 1 - set->n_pages]};
		set->n_pages++;
	}
	if (set->page[i].bits[word] & bit)
		return IDSET_SEEN;
	set->page[i].bits[word] |= bit;
	set->page[i].seen++;
	return IDSET_NEW;
}

static uint64_t seen_in_page(const struct page *page, uint64_t from, uint64_t to)
{
	uint64_t base = page->number * PAGE_IDS, count = 0;

	if (from <= base && to >= base + PAGE_IDS - 1)
		return page->seen;
	for (uint64_t id = from > base ? from : base; id <= to && id < base + PAGE_IDS; id++)
		count += page->bits[id % PAGE_IDS / 64] >> (id % 64) & 1;
	return count;
}

uint64_t idset_unseen(const struct idset *set, uint64_t from, uint64_t to)
{
	uint64_t seen = 0;

	if (from > to)
		return 0;
	/* Retired pages are asked for as a whole only: ranges begin below or at what a run began with. */
	if (from < set->retired_below)
		seen += set->retired_seen;
	for (uint32_t i = 0; i < set->n_pages; i++)
		if (set->page[i].number * PAGE_IDS <= to)
			seen += seen_in_page(&set->page[i], from, to);
	return to - from + 1 - seen;
}
