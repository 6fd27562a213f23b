/// What this connection holds of the process's memory.
extension ClientConnection: WindowKeeper {
    /// Counts what waits to be sent. What waits in the inbox of a stream is counted there.
    func countMemory() {
        if let session { count(unsentBytes(of: session)) }
    }
}
