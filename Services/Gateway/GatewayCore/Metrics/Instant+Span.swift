internal import RPC

extension Instant {
    /// Since an earlier moment; 0 if it is none.
    func nanoseconds(since earlier: Instant) -> Int64 {
        self > earlier ? Int64(clamping: nanoseconds - earlier.nanoseconds) : 0
    }
}
