#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension MetricsRegistry {
    /// CPU time, memory and start time of this process, under Prometheus' usual names.
    public func collectProcessMetrics() {
        let started = Double(WallClockTime.now.microseconds) / 1_000_000
        collect { text in
            text.header(
                "process_start_time_seconds", help: "Start of the process since 1970.", kind: .gauge
            )
            text.sample("process_start_time_seconds", started)
            var usage = rusage()
            guard getrusage(ownProcess, &usage) == 0 else { return }
            text.header(
                "process_cpu_seconds_total", help: "CPU time, user and system.", kind: .counter)
            text.sample(
                "process_cpu_seconds_total", seconds(usage.ru_utime) + seconds(usage.ru_stime))
            // Linux counts in kibibytes [getrusage(2)].
            text.header(
                "assay_process_resident_peak_bytes", help: "Largest resident memory so far.",
                kind: .gauge)
            text.sample("assay_process_resident_peak_bytes", Double(usage.ru_maxrss) * 1024)
        }
    }
}

private func seconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
}

/// `RUSAGE_SELF`, whose type differs between C libraries.
private let ownProcess: Int32 = 0
