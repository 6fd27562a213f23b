public import RPC

/// What an interop server of ours offers.
public enum InteropServer {
    public static func services() -> [any RPCService] { [TestService()] }
}
