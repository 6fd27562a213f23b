internal import HTTP2
internal import RPC

/// What this connection holds of the process's memory.
extension ServerConnection: WindowKeeper {
    /// Counts what waits to be sent, and the requests that are not complete. What waits in the inbox
    /// of a stream is counted there.
    func countMemory() {
        guard let session else { return }
        count(bodyBytes + unsentBytes(of: session))
    }

    /// To be called before bytes are consumed.
    func holdCredit() {
        if holdsWindows() { observer?.misbehaved("memory_full", action: .counted, peer: peer) }
    }
}
