"""Numbers to tables."""

import statistics


def percentile(values, percent):
    """Nearest rank: always one of the values, none invented between two."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def paired_ratio(values, base):
    """Median over the rounds of one command's time against another's in the same round: slow drift of the machine
    (load, frequency, a filling page cache) is in both and cancels."""
    return statistics.median(value / other for value, other in zip(values, base))


def table(header, rows):
    """First column to the left, numbers to the right."""
    cells = [header] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [[row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
             for row in cells]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def ms(nanoseconds):
    return f"{nanoseconds / 1e6:.2f}"


def times(samples, subject):
    """The table for samples (name -> nanoseconds per round), fastest first. Its last column is each one's time as a
    multiple of the subject's."""
    rows = []
    for name, values in sorted(samples.items(), key=lambda item: statistics.median(item[1])):
        rows.append([name, ms(statistics.median(values)), ms(min(values)), ms(percentile(values, 90)),
                     f"{paired_ratio(values, samples[subject]):.2f}"])
    return table(["", "median", "min", "p90", f"x {subject}"], rows)
