/* nearest.h - how far two words are apart, for "did you mean ...?".
 *
 * For whoever reads what a person typed. Pure. */
#ifndef HOST_NEAREST_H
#define HOST_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

#define NEAREST_MAX 63 /* bytes of a word that are looked at */

/* Letters to insert, delete, replace or swap with their neighbour to turn a into b (optimal string alignment distance). */
unsigned nearest_distance(const char *a, const char *b);

/* Whether a word so far from the one that was typed is worth offering. */
bool nearest_is_near(unsigned distance, const char *typed);

/* The nearest of n candidates, NULL where none is near. */
const char *nearest_word(const char *typed, const char *const *candidate, size_t n);

#endif
