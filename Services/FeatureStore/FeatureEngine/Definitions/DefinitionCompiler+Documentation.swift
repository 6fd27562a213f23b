extension DefinitionCompiler {
    /// What is said of each feature, with the purposes that a list allows besides.
    mutating func compileDocumentation(_ entities: [EntityDefinition]) -> [String: Documentation] {
        var found: [String: Documentation] = [:]
        for entity in entities {
            for feature in entity.features { found[feature.name] = feature.documentation }
            for counts in entity.counts { found[counts.name] = counts.documentation }
        }
        for derived in files.flatMap(\.derived) {
            found[derived.name.value] = derived.documentation
        }
        let aliases = Self.aliases(of: entities, taken: Set(found.keys))
        for file in files {
            for grant in file.grants {
                for feature in grant.features {
                    let name = aliases[feature.value] ?? feature.value
                    guard var documentation = found[name] else {
                        unknown("feature", feature, among: Array(found.keys))
                        continue
                    }
                    let purposes = Set(documentation.purposes).union([grant.purpose])
                    documentation.purposes = purposes.sorted()
                    documentation.approver = documentation.approver ?? file.documentation.owner
                    found[name] = documentation
                }
            }
        }
        return found
    }

    /// The features that a shorter name finds: where only one has it, and nothing else is called so.
    static func aliases(of entities: [EntityDefinition], taken: Set<String>) -> [String: String] {
        var found: [String: [String]] = [:]
        for feature in entities.flatMap(\.features) {
            guard let alias = feature.alias, !taken.contains(alias) else { continue }
            found[alias, default: []].append(feature.name)
        }
        return found.compactMapValues { $0.count == 1 ? $0[0] : nil }
    }

    /// A version of a vector is what it was when it was applied.
    mutating func checkLock(of vectors: [VectorDefinition]) {
        for declaration in files.flatMap(\.vectors) {
            let name = "\(declaration.name.value)@\(declaration.version)"
            guard let locked = lock.fingerprints[name],
                let vector = vectors.first(where: {
                    $0.name == declaration.name.value && $0.version == declaration.version
                }), vector.fingerprint != locked.value
            else { continue }
            report(
                "vector \(name) is not what it was when it was applied: its fingerprint is"
                    + " \(VectorLock.hexadecimal(vector.fingerprint)), \(locked.location) has"
                    + " \(VectorLock.hexadecimal(locked.value)); give it a new version",
                at: declaration.name.location)
        }
    }
}
