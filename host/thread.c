/* thread.c - pthreads behind thread.h. */
#include "host/thread.h"

#include <sched.h>
#include <signal.h>

int thread_start(struct thread *out, const char *name, const int *cpus, unsigned n_cpus, void *(*body)(void *user), void *user)
{
	sigset_t all, before;
	cpu_set_t set;
	int error;

	/* Signals are the main thread's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&out->id, NULL, body, user);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return -error;
	out->started = true;
	pthread_setname_np(out->id, name);
	if (n_cpus) {
		CPU_ZERO(&set);
		for (unsigned i = 0; i < n_cpus; i++)
			CPU_SET(cpus[i], &set);
		pthread_setaffinity_np(out->id, sizeof(set), &set);
	}
	return 0;
}

void thread_join(struct thread *thread)
{
	if (thread->started)
		pthread_join(thread->id, NULL);
	thread->started = false;
}
