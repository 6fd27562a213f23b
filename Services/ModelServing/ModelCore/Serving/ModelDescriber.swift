internal import AssayMessages
internal import Inference

/// Says what a version takes and answers.
enum ModelDescriber {
    static func describe(
        _ version: ServingVersion, of model: ServingModel
    ) -> AssayModelsV1.ModelDescription {
        let (manifest, scoring) = (version.manifest, version.model)
        let aliases = model.aliases.filter { $0.value == version.number }.keys.sorted()
        var description = AssayModelsV1.ModelDescription(
            model: model.name, version: version.number, artifact: version.artifact,
            aliases: Array(aliases.prefix(100)), format: scoring.format,
            library: String(scoring.library.prefix(64)),
            objective: String(scoring.objective.prefix(64)), purpose: manifest.purpose,
            descriptionField: manifest.descriptionField, vector: manifest.vector,
            vectorFingerprint: manifest.vectorFingerprint, vectorFields: manifest.vectorFields,
            inputs: manifest.inputs)
        description.margins = UInt32(scoring.marginCount)
        description.probabilities = UInt32(scoring.probabilityCount)
        description.outputs = scoring.outputs.prefix(1_024).map { String($0.prefix(64)) }
        description.calibration = manifest.calibration
        description.bands = version.post.bands.map { .init(names: $0.names, edges: $0.edges) }
        description.trees = UInt32(scoring.treeCount)
        description.rowNanoseconds = UInt64(max(0, version.warmUp.median / .nanoseconds(1)))
        description.bytesHeld = UInt64(version.byteCount)
        description.goldenRows = UInt32(version.goldenRowCount)
        description.remarks = scoring.remarks.prefix(64).map { String($0.text.prefix(256)) }
        description.explanation = version.explainer?.method.message ?? .unspecified
        description.importance = version.importance
        return description
    }
}
