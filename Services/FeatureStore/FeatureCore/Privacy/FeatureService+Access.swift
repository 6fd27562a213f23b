public import AssayMessages
public import FeatureEngine
internal import RPC
internal import Wire

/// What a call may have of the vectors it asks for.
extension FeatureService {
    /// For each vector the purpose of the call: the one it states, or else the vector's own.
    ///
    /// Throws PERMISSION_DENIED for a purpose that the caller may not have.
    func purposes(
        _ stated: AssayFeaturesV1.Purpose, _ vectors: [VectorDefinition], _ context: ServerContext
    ) throws(RPCError) -> [Purpose] {
        var purposes: [Purpose] = []
        for vector in vectors {
            let purpose = stated.named ?? vector.purpose
            try access.check(purpose, context)
            purposes.append(purpose)
        }
        return purposes
    }

    /// Withholds what the purposes may not have, and counts what is served.
    func serve(
        _ vectors: inout [AssayFeaturesV1.Vector], of definitions: [VectorDefinition],
        for purposes: [Purpose], _ pipeline: EventPipeline, tenant: String, now: Int64,
        isCounted: Bool = true
    ) {
        for index in vectors.indices {
            let ref = vectors[index].ref
            guard
                let asked = definitions.firstIndex(where: {
                    $0.version == ref.version && $0.name == ref.name
                }),
                let position = pipeline.definitions.vector(named: ref.name, version: ref.version)
            else {
                // A stored reply to a call that asked for other vectors.
                vectors[index].withholdAll()
                continue
            }
            let withheld = pipeline.access.withheld(vector: position, from: purposes[asked])
            vectors[index].withhold(withheld, of: definitions[asked], pipeline.definitions)
            guard isCounted else { continue }
            pipeline.quality.served(vectors[index], at: position, tenant: tenant, now: now)
        }
    }
}

extension AssayFeaturesV1.Purpose {
    public init(_ purpose: FeatureEngine.Purpose) {
        self =
            switch purpose {
            case .fraud: .fraud
            case .aml: .aml
            case .credit: .credit
            case .service: .service
            }
    }

    /// Nil if the call states none.
    var named: FeatureEngine.Purpose? {
        switch self {
        case .fraud: .fraud
        case .aml: .aml
        case .credit: .credit
        case .service: .service
        default: nil
        }
    }
}
