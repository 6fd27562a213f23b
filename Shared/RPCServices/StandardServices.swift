internal import AssayMessages
public import RPC

/// What a server offers besides its own services: health always, reflection if it is switched on.
public enum StandardServices {
    /// The scope that reflection needs.
    public static let reflectionScope = "assay.reflection"

    /// `services`, health, which tells of each of them by name, and reflection.
    ///
    /// - Parameters:
    ///   - readiness: learns the names of all services.
    ///   - reflection: shows the schemas of what is offered, in versions v1 and v1alpha.
    ///   - forwarded: full names of further services that reflection shows: those that a gateway
    ///     routes.
    ///   - files: descriptors of services that are not Assay's own.
    public static func added(
        to services: [any RPCService], readiness: Readiness, reflection: Bool = false,
        showing forwarded: [String] = [], files: [FileDescriptor] = []
    ) -> [any RPCService] {
        var all = services + [HealthService(readiness)]
        if reflection {
            let shown = forwarded + all.flatMap(\.serviceNames) + reflectionServices
            let index = ReflectionIndex(serving: shown, files: Descriptors.files + files)
            all += [ReflectionService(index: index), ReflectionServiceAlpha(index: index)]
        }
        readiness.add(all.flatMap(\.serviceNames))
        return all
    }

    private static let reflectionServices = [
        "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
    ]
}

extension RPCService {
    /// Full names of what it registers, each once.
    fileprivate var serviceNames: [String] {
        var registry = MethodRegistry()
        register(in: &registry)
        var names: [String] = []
        for method in registry.methods where !names.contains(String(method.service)) {
            names.append(String(method.service))
        }
        return names
    }
}
