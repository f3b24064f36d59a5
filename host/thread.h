/* thread.h - a named thread, pinned to processors. */
#ifndef HOST_THREAD_H
#define HOST_THREAD_H

#include <pthread.h>
#include <stdbool.h>

struct thread {
	pthread_t id;
	bool started;
};

/* Runs body(user). name: up to 15 characters, as ps and top show it. cpus: processors it may run on (n 0: any). Being refused a pin is no error. */
int thread_start(struct thread *out, const char *name, const int *cpus, unsigned n_cpus, void *(*body)(void *user), void *user);
void thread_join(struct thread *thread); /* takes one that never started */

#endif
