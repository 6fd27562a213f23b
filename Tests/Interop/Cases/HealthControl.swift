public import InteropMessages
public import RPC

/// Sets the state that the server's health service tells of `grpc.testing.TestService`.
public struct HealthControl: GRPCTesting.XdsUpdateHealthService.Service {
    private let set: @Sendable (_ isServing: Bool) -> Void

    public init(set: @escaping @Sendable (_ isServing: Bool) -> Void) { self.set = set }

    public func setServing(
        _ request: GRPCTesting.Empty, context: ServerContext
    ) async throws -> GRPCTesting.Empty {
        set(true)
        return GRPCTesting.Empty()
    }

    public func setNotServing(
        _ request: GRPCTesting.Empty, context: ServerContext
    ) async throws -> GRPCTesting.Empty {
        set(false)
        return GRPCTesting.Empty()
    }
}
