public import AssayMessages
internal import FeatureEngine
public import RPC
internal import Wire

extension FeatureService {
    public func listDefinitions(
        _ request: AssayFeaturesV1.ListDefinitionsRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.ListDefinitionsResponse {
        let status = store.definitionStatus
        guard !request.onlyStatus else {
            return AssayFeaturesV1.ListDefinitionsResponse(
                definitionSet: status.active, generation: status.generation,
                backfill: status.backfill)
        }
        let set = store.pipeline.definitions
        let page = try DefinitionsPage(request.pageToken, of: set)
        let features = set.catalogue.filter { $0.name.hasPrefix(request.prefix) }
        let shown = page.slice(features, DefinitionsPage.features)
        let vectors = page.slice(set.vectors, DefinitionsPage.vectors)
        let isLast = shown.endIndex == features.count && vectors.endIndex == set.vectors.count
        return AssayFeaturesV1.ListDefinitionsResponse(
            definitionSet: set.hash,
            entities: page.number > 0
                ? []
                : set.entities.map { entity in
                    AssayFeaturesV1.ListedEntity(
                        name: entity.name, key: entity.key,
                        subject: entity.subject.map { set.entities[$0].name } ?? "",
                        isRelaxed: entity.isRelaxed)
                },
            features: shown.map(\.message),
            vectors: vectors.map { vector in
                AssayFeaturesV1.ListedVector(
                    ref: AssayFeaturesV1.VectorRef(
                        name: vector.name, version: vector.version,
                        fingerprint: vector.fingerprint),
                    purpose: vector.purpose.rawValue, features: vector.columns.map(\.name))
            }, nextPageToken: isLast ? [] : page.next, generation: set.generation,
            backfill: status.backfill)
    }

    public func applyDefinitions(
        _ request: AssayFeaturesV1.ApplyDefinitionsRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.ApplyDefinitionsResponse {
        let status = try await store.apply(
            DefinitionOrder(
                sources: DefinitionSources(try Self.texts(request.files)),
                planHash: request.planHash, pinned: request.pinned,
                client: context.caller.client))
        return AssayFeaturesV1.ApplyDefinitionsResponse(
            active: status.active, generation: status.generation, backfill: status.backfill)
    }

    private static func texts(
        _ files: [AssayFeaturesV1.DefinitionText]
    ) throws(RPCError) -> [String: String] {
        var texts: [String: String] = [:]
        for (index, file) in files.enumerated() {
            guard texts.updateValue(file.text, forKey: file.path) == nil else {
                throw .invalid([
                    FieldViolation(
                        field: "/files/\(index)/path", description: "there are two \(file.path)")
                ])
            }
        }
        return texts
    }

    /// Mistakes of the files are an answer, not an error: all of them at once.
    public func planDefinitions(
        _ request: AssayFeaturesV1.PlanDefinitionsRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.PlanDefinitionsResponse {
        let active = store.pipeline.definitions
        let texts = try Self.texts(request.files)
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

/// A page of definitions; its token names the set, which may change between two calls.
private struct DefinitionsPage {
    static let features = 1_024
    static let vectors = 64

    let number: Int
    private let set: [UInt8]

    init(_ token: [UInt8], of set: DefinitionSet) throws(RPCError) {
        self.set = set.hash
        guard !token.isEmpty else {
            number = 0
            return
        }
        guard let place = StorageKey.sequence(token.prefix(8)), (1...1_024).contains(place) else {
            throw .invalid([
                FieldViolation(field: "/page_token", description: "is not one of this list")
            ])
        }
        guard token.dropFirst(8).elementsEqual(set.hash) else {
            throw RPCError(
                .failedPrecondition, "the definitions changed meanwhile: begin with the first page",
                reason: "DEFINITIONS_CHANGED")
        }
        number = Int(place)
    }

    var next: [UInt8] { StorageKey.bigEndian(UInt64(number + 1)) + set }

    func slice<Element>(_ all: [Element], _ size: Int) -> ArraySlice<Element> {
        let first = min(number * size, all.count)
        return all[first..<min(first + size, all.count)]
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
