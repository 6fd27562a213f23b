#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Ports for programs that cannot be told to choose one themselves. Ours can: give them port 0.
public enum FreePort {
    public struct NoPort: Error {}

    /// A loopback port that nothing listens on right now. Another process may take it before the
    /// caller does, so a start on it is tried more than once.
    public static func find() throws -> Int {
        #if canImport(Glibc)
            let kind = Int32(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        let descriptor = socket(AF_INET, kind, 0)
        guard descriptor >= 0 else { throw NoPort() }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard found else { throw NoPort() }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
