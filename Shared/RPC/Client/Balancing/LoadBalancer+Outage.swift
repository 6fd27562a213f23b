/// When there is nothing that a call could wait for.
extension LoadBalancer {
    /// An attempt to connect that failed longer ago says nothing of the next one. It is longer than the
    /// longest pause between two attempts.
    private static let memory = Duration.seconds(60)

    /// Every endpoint has failed lately, and at best is being tried again: a call that waited for it would
    /// most likely wait for the connect timeout.
    package func isDown(at now: Instant) -> Bool {
        !current.isEmpty
            && current.allSatisfy { slot in
                guard let failedAt = members[slot].failedAt else { return false }
                return now - failedAt < Self.memory
            }
    }

    /// Of which a call is told that fails for it.
    package var firstSlot: Int? { current.first }
}
