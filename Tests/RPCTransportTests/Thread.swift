import Glibc

/// A number of the thread that runs now.
func currentThread() -> UInt64 { UInt64(pthread_self()) }
