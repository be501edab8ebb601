"""`python -m core lessons [FOLDER]`: the lessons, and what is wrong with those of a folder."""

import argparse

from core.command_line.terminal import printable
from core.course.load import load_course


def add_lessons(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `lessons`."""
    parser.add_argument(
        "folder", nargs="?", help="a folder of lessons, instead of that of DIGITLAB_LESSONS"
    )
    parser.set_defaults(command=_print_lessons)


def _print_lessons(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Print `id: title` of each lesson, then what is wrong; 1 if anything is."""
    course = load_course(options.folder)
    for lesson in course.lessons.values():
        print(printable(f"{lesson.id}: {lesson.title}"))
    for problem in course.problems:
        print(printable(f"wrong: {problem}"))
    return bool(course.problems)
