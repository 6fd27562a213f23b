import InteropMessages
import RPC
import RPCServices
public import RPCTransport

extension RPCServer {
    /// The interop server of ours: the services of `grpc.testing`, health and reflection.
    public static func interop(listener: RPCListener) -> RPCServer {
        let readiness = Readiness()
        let control = HealthControl { isServing in
            readiness.set("grpc.testing.TestService", isServing: isServing)
        }
        return RPCServer(
            listeners: [listener],
            services: StandardServices.added(
                to: [TestService(), control], readiness: readiness, reflection: true,
                files: InteropMessages.Descriptors.files),
            authorizer: ScopeAuthorizer(openScopes: [StandardServices.reflectionScope]),
            compressing: GRPCTesting.TestService.methods)
    }
}
