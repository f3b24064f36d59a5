/* lock.h - lets one thread at a time at something, for lanes that no frame passes. */
#ifndef HOST_LOCK_H
#define HOST_LOCK_H

#include <pthread.h>

struct lock {
	pthread_mutex_t mutex;
};

static inline void lock_open(struct lock *lock)
{
	pthread_mutex_init(&lock->mutex, NULL);
}

static inline void lock_take(struct lock *lock)
{
	pthread_mutex_lock(&lock->mutex);
}

static inline void lock_leave(struct lock *lock)
{
	pthread_mutex_unlock(&lock->mutex);
}

static inline void lock_close(struct lock *lock)
{
	pthread_mutex_destroy(&lock->mutex);
}

#endif
