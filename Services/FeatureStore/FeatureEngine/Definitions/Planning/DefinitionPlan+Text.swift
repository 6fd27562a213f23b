extension DefinitionPlan {
    /// What one core applies of a log, in entity events a second.
    public static let replayRate = 200_000

    /// The plan as a person reads it, line by line.
    ///
    /// - Parameter logged: entity events in the log, if that is known.
    public func lines(logged: Int? = nil) -> [String] {
        var lines = [
            "plan \(Self.short(hash)): \(before.isEmpty ? "nothing" : Self.short(before)) →"
                + " \(Self.short(after))"
        ]
        guard !changes.isEmpty else { return lines + ["nothing changes"] }
        lines.append(
            Class.allCases.map { kind in
                "\(changes.count { $0.class == kind }) \(kind.rawValue)"
            }.joined(separator: ", "))
        lines += changeLines()
        lines += detailLines(logged: logged)
        if !lints.isEmpty { lines += [""] + lints.map { "lint: \($0)" } }
        if isRefused {
            lines += ["", "\(refusals.count) of \(changes.count) changes are refused"]
        }
        return lines
    }

    /// Changes that only differ in what they are about stand together.
    private func changeLines() -> [String] {
        var lines: [String] = []
        var start = changes.startIndex
        while start < changes.endIndex {
            let change = changes[start]
            let end = changes[start...].firstIndex { !$0.isLike(change) } ?? changes.endIndex
            let alike = changes[start..<end]
            start = end
            lines.append("")
            if alike.count == 1 {
                lines.append("\(change.class.rawValue): \(change.subject) \(change.text)")
            } else {
                lines.append(
                    "\(change.class.rawValue): \(alike.count) \(change.kind) \(change.text)")
                lines += Self.wrapped(alike.map(\.name))
            }
            if !change.vectors.isEmpty {
                lines += Self.wrapped(change.vectors, after: "reaches ")
            }
            if let refusal = change.refusal { lines.append("    REFUSED: \(refusal)") }
        }
        return lines
    }

    /// Names in lines of at most 100 columns.
    private static func wrapped(_ names: [String], after start: String = "") -> [String] {
        var lines: [String] = []
        var line = "    " + start
        for (index, name) in names.enumerated() {
            let piece = name + (index == names.count - 1 ? "" : ", ")
            if line.count + piece.count > 100, line.count > 4 {
                lines.append(line)
                line = "    "
            }
            line += piece
        }
        return lines + [line]
    }

    private func detailLines(logged: Int?) -> [String] {
        var lines: [String] = []
        if !sizes.isEmpty {
            lines += ["", "bytes of a state after a quarter: 2 events a day, 400 a day; at most"]
            for size in sizes {
                lines.append("    \(size.entity): \(size.quiet), \(size.busy); \(size.largest)")
            }
        }
        if !overshoots.isEmpty {
            lines += ["", "new windows, and how much longer they may be"]
            for window in overshoots {
                let percent = Double(window.hop) * 100 / Double(window.window)
                lines.append(
                    "    \(window.feature): \(Self.tenths(percent)) % (\(Window.text(window.hop)))")
            }
        }
        guard needsGeneration else { return lines }
        lines += ["", "states are made anew from the log, beside those in use"]
        if let logged {
            let (whole, rest) = logged.quotientAndRemainder(dividingBy: Self.replayRate)
            let seconds = rest > 0 ? whole + 1 : whole
            lines.append("    \(logged) entity events to replay: about \(seconds) s of one core")
        }
        return lines
    }

    private static func tenths(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func short(_ hash: [UInt8]) -> String {
        String(VectorLock.hexadecimal(hash).prefix(16))
    }
}

extension DefinitionPlan.Change {
    /// `feature` of `feature card_txn_cnt_1h`.
    fileprivate var kind: Substring { subject.prefix { $0 != " " } }
    fileprivate var name: String { String(subject.dropFirst(kind.count + 1)) }

    fileprivate func isLike(_ other: Self) -> Bool {
        self.class == other.class && kind == other.kind && text == other.text
            && vectors == other.vectors && refusal == other.refusal
    }
}
