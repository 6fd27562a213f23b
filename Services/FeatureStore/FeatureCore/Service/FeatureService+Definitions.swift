public import AssayMessages
internal import FeatureEngine
public import RPC
internal import Wire

extension FeatureService {
    public func listDefinitions(
        _ request: AssayFeaturesV1.ListDefinitionsRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.ListDefinitionsResponse {
        let set = store.pipeline.definitions
        return AssayFeaturesV1.ListDefinitionsResponse(
            definitionSet: set.hash,
            entities: set.entities.map { entity in
                AssayFeaturesV1.ListedEntity(
                    name: entity.name, key: entity.key,
                    subject: entity.subject.map { set.entities[$0].name } ?? "",
                    isRelaxed: entity.isRelaxed)
            },
            features: set.catalogue.filter { $0.name.hasPrefix(request.prefix) }.map(\.message),
            vectors: set.vectors.map { vector in
                AssayFeaturesV1.ListedVector(
                    ref: AssayFeaturesV1.VectorRef(
                        name: vector.name, version: vector.version,
                        fingerprint: vector.fingerprint),
                    purpose: vector.purpose.rawValue, features: vector.columns.map(\.name))
            })
    }

    /// Mistakes of the files are an answer, not an error: all of them at once.
    public func planDefinitions(
        _ request: AssayFeaturesV1.PlanDefinitionsRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.PlanDefinitionsResponse {
        let active = store.pipeline.definitions
        var texts: [String: String] = [:]
        for (index, file) in request.files.enumerated() {
            guard texts.updateValue(file.text, forKey: file.path) == nil else {
                throw RPCError.invalid([
                    FieldViolation(
                        field: "/files/\(index)/path", description: "there are two \(file.path)")
                ])
            }
        }
        do {
            let set = try DefinitionSources(texts).compile()
            let plan = DefinitionPlan(from: active, to: set, pinned: Set(request.pinned))
            return plan.message
        } catch {
            return AssayFeaturesV1.PlanDefinitionsResponse(
                active: active.hash, mistakes: error.problems.prefix(1_024).map(\.mistake))
        }
    }
}

extension CataloguedFeature {
    fileprivate var message: AssayFeaturesV1.ListedFeature {
        AssayFeaturesV1.ListedFeature(
            name: name, alias: alias ?? "", entity: entity ?? "", kind: kind.rawValue, type: type,
            defaultValue: defaultValue.isNaN ? nil : defaultValue, owner: documentation.owner,
            descriptionField: documentation.description,
            sensitivity: documentation.sensitivity.rawValue,
            purposes: documentation.purposes.map(\.rawValue), expression: expression ?? "",
            condition: condition ?? "")
    }
}

extension DefinitionProblem {
    fileprivate var mistake: AssayFeaturesV1.DefinitionMistake {
        AssayFeaturesV1.DefinitionMistake(
            path: String(location.file.prefix(64)), line: UInt32(clamping: location.line),
            column: UInt32(clamping: location.column), message: String(message.prefix(2_000)))
    }
}

extension DefinitionPlan {
    fileprivate var message: AssayFeaturesV1.PlanDefinitionsResponse {
        AssayFeaturesV1.PlanDefinitionsResponse(
            planHash: hash, active: before, proposed: after,
            changes: changes.prefix(65_536).map { change in
                AssayFeaturesV1.DefinitionChange(
                    kind: change.class.rawValue, subject: String(change.subject.prefix(64)),
                    text: String(change.text.prefix(2_000)),
                    vectors: Array(change.vectors.prefix(1_024)), refusal: change.refusal ?? "")
            }, lints: lints.prefix(1_024).map { String($0.prefix(256)) },
            text: lines().prefix(65_536).map { String($0.prefix(4_000)) })
    }
}
