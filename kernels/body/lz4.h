/* lz4.h - reading the sequences of one LZ4 block, with every check.
 *
 * For kernels/body/decode.h. Accepts exactly what LZ4_decompress_safe does: what the format allows; matches at offset 0, which become
 * zeros; and what liblz4's short cut lets pass, a short match that reaches into the last literals. All items of a group read the same
 * sequence; a window of the block's bytes lies in local memory. */
#ifndef KERNELS_BODY_LZ4_H
#define KERNELS_BODY_LZ4_H

#include "kernels/body/dialect.h"

#define LZ4_INPUT_WORDS 256u
#define LZ4_INPUT_BYTES (4u * LZ4_INPUT_WORDS)
#define LZ4_WINDOW_WORDS (LZ4_INPUT_WORDS + 1) /* a word behind the last byte may be read, and holds nothing */
#define LZ4_INPUT_AHEAD 64u /* fewer bytes than these ahead: the window moves on */

#define LZ4_LAST_LITERALS 5u /* the format: a match ends before these, */
#define LZ4_MATCH_LIMIT 12u  /* and begins before these; */
#define LZ4_IN_LIMIT 8u      /* an offset, a token and the last literals */
#define LZ4_SHORT_LITERALS 14u /* liblz4's short cut takes up to so many, */
#define LZ4_SHORT_MATCH 18u    /* and a match of up to so many at an offset */
#define LZ4_SHORT_OFFSET 8u    /* from here on, without another look, */
#define LZ4_SHORT_IN 17u       /* where so much is left of the block behind the token */
#define LZ4_SHORT_OUT 32u      /* and so much was left to make before it */

/* Positions count from the whole word that holds the block's first byte. */
struct lz4_input {
	GLOBAL const u32 *words;
	LOCAL u32 *window; /* [base, base + LZ4_INPUT_BYTES) */
	u32 base, end;
};

enum lz4_state { LZ4_MORE, LZ4_END, LZ4_BAD };

struct lz4_sequence {
	u32 literals, n_literals; /* where they begin, and how many there are */
	u32 offset, n_match;
	u32 next;                 /* where the next sequence begins */
};

BODY u32 lz4_byte(const struct lz4_input *in, u32 at)
{
	u32 i = at - in->base;

	return i < LZ4_INPUT_BYTES ? ((LOCAL const u8 *)in->window)[i] : ((GLOBAL const u8 *)in->words)[at];
}

/* Four bytes from there on, the first one lowest; what lies behind the block is anything. */
BODY u32 lz4_word(const struct lz4_input *in, u32 at)
{
	u32 i = at - in->base, low, high, bytes = 0;

	if (i < LZ4_INPUT_BYTES) {
		low = in->window[i / 4];
		high = in->window[i / 4 + 1];
		return (u32)(((u64)high << 32 | low) >> 8 * (i & 3));
	}
	for (u32 b = 0; b < 4 && at + b < in->end; b++)
		bytes |= (u32)((GLOBAL const u8 *)in->words)[at + b] << 8 * b;
	return bytes;
}

/* Adds up length bytes until one is not 255; false where they do not end, or lead past `most` (which is refused anyhow). */
BODY bool lz4_length(const struct lz4_input *in, u32 *at, u32 *length, u32 most)
{
	u32 more = 255;

	while (more == 255) {
		if (*at >= in->end || *length > most)
			return false;
		more = lz4_byte(in, *at);
		*at += 1;
		*length += more;
	}
	return true;
}

/* Whether liblz4 takes its short cut; rest and left: bytes of the block and of the output behind the literals. */
BODY bool lz4_short_cut(u32 n_literals, u32 rest, u32 left)
{
	return n_literals <= LZ4_SHORT_LITERALS && rest + n_literals >= LZ4_SHORT_IN && left + n_literals >= LZ4_SHORT_OUT;
}

/* Reads the sequence at `at` of a block that is to become `size` bytes (below 2^31), `done` of which are there. */
BODY enum lz4_state lz4_read(const struct lz4_input *in, u32 at, u32 done, u32 size, struct lz4_sequence *s)
{
	u32 head, tail, rest, left;

	if (at >= in->end)
		return LZ4_BAD;
	head = lz4_word(in, at++);
	s->n_literals = head >> 4 & 15;
	if (s->n_literals == 15 && !lz4_length(in, &at, &s->n_literals, size))
		return LZ4_BAD;
	if (s->n_literals > in->end - at || s->n_literals > size - done)
		return LZ4_BAD;
	s->literals = at;
	at += s->n_literals;
	done += s->n_literals;
	rest = in->end - at;
	left = size - done;
	if ((left < LZ4_MATCH_LIMIT || rest < LZ4_IN_LIMIT) && !lz4_short_cut(s->n_literals, rest, left))
		return rest == 0 && left == 0 ? LZ4_END : LZ4_BAD;
	tail = s->n_literals ? lz4_word(in, at) : head >> 8; /* most sequences of bit planes have no literals: one look is enough */
	s->offset = tail & 0xffff;
	at += 2;
	s->n_match = (head & 15) + 4;
	if (s->n_match == 19) { /* the first byte more is there: the limits above hold */
		tail = tail >> 16 & 0xff;
		s->n_match += tail;
		at++;
		if (tail == 255 && !lz4_length(in, &at, &s->n_match, size))
			return LZ4_BAD;
	}
	if (s->offset > done)
		return LZ4_BAD;
	if (s->n_match > left - LZ4_LAST_LITERALS &&
	    !(s->n_match <= LZ4_SHORT_MATCH && s->offset >= LZ4_SHORT_OFFSET && lz4_short_cut(s->n_literals, rest, left)))
		return LZ4_BAD;
	s->next = at;
	return LZ4_MORE;
}

#endif
