extension RegularExpression {
    /// Runs automata over texts: all places where a match could stand are followed together
    /// (Thompson). Keeps its memory between runs.
    struct Matcher: Sendable {
        private var current: [Int] = []
        private var previous: [Int] = []
        private var pending: [Int] = []
        /// The round in which a step was entered last.
        private var entered: [Int] = []
        private var round = 0
        #if DEBUG
            /// How often a step was entered in the last match.
            private(set) var entries = 0
        #endif

        /// Whether the pattern matches some part of the text.
        mutating func matches(_ expression: RegularExpression, _ text: String) -> Bool {
            prepare(expression.steps.count)
            #if DEBUG
                entries = 0
            #endif
            var before: UInt32?
            var scalars = text.unicodeScalars.makeIterator()
            var scalar = scalars.next()?.value
            current.removeAll(keepingCapacity: true)
            round += 1
            while true {
                // A match may begin at every place.
                if enter(0, expression.steps, before, scalar) { return true }
                guard let value = scalar else { return false }
                let following = scalars.next()?.value
                swap(&current, &previous)
                current.removeAll(keepingCapacity: true)
                round += 1
                for step in previous {
                    guard case .scalar(let set) = expression.steps[step], set.contains(value) else {
                        continue
                    }
                    if enter(step + 1, expression.steps, value, following) { return true }
                }
                before = value
                scalar = following
            }
        }

        private mutating func prepare(_ count: Int) {
            if entered.count < count { entered = Array(repeating: -1, count: count) }
            if round > .max - (1 << 32) {
                round = 0
                for index in entered.indices { entered[index] = -1 }
            }
        }

        /// Follows all steps that take no character; true if one of them is the match.
        private mutating func enter(
            _ start: Int, _ steps: [Step], _ before: UInt32?, _ after: UInt32?
        ) -> Bool {
            pending.append(start)
            while let index = pending.popLast() {
                guard entered[index] != round else { continue }
                entered[index] = round
                #if DEBUG
                    entries += 1
                #endif
                switch steps[index] {
                case .match:
                    pending.removeAll(keepingCapacity: true)
                    return true
                case .scalar: current.append(index)
                case .jump(let target): pending.append(target)
                case .split(let a, let b):
                    pending.append(b)
                    pending.append(a)
                case .assert(let assertion):
                    if Self.holds(assertion, before, after) { pending.append(index + 1) }
                }
            }
            return false
        }

        private static func holds(
            _ assertion: Assertion, _ before: UInt32?, _ after: UInt32?
        ) -> Bool {
            switch assertion {
            case .textStart: before == nil
            case .textEnd: after == nil
            case .lineStart: before == nil || before == 0x0A
            case .lineEnd: after == nil || after == 0x0A
            case .wordBoundary: isWord(before) != isWord(after)
            case .noWordBoundary: isWord(before) == isWord(after)
            }
        }

        private static func isWord(_ scalar: UInt32?) -> Bool {
            scalar.map(CharacterClass.word.contains) ?? false
        }
    }
}
