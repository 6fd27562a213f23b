/// How long to wait before a service that died is started again.
struct RestartPolicy: Sendable, Hashable {
    private(set) var failures = 0

    /// A service that served this long had a good start, and the count begins anew.
    static let goodRun = Duration.seconds(30)
    static let longestPause = Duration.seconds(5)

    /// 100 ms after the first failure, doubling to 5 s.
    mutating func pause(afterRunning time: Duration) -> Duration {
        if time >= Self.goodRun { failures = 0 }
        failures += 1
        let doubled = Duration.milliseconds(100) * (1 << min(failures - 1, 10))
        return min(doubled, Self.longestPause)
    }
}
