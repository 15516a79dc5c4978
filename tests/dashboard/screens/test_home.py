from kerascnn_dashboard.logic.project import Project
from tests.dashboard.pages import button


def test_an_empty_home_offers_the_demo_and_a_new_project(open_page):
    page = open_page("home")
    assert not page.exception
    assert [one.value for one in page.subheader] == ["Try the demo", "New project"]


def test_a_new_project_is_made_and_opened_on_its_data(home, open_page):
    page = open_page("home")
    page.text_input(key="new_title").set_value("Käfer der Wiese")
    button(page, "Create").click().run()
    assert not page.exception
    (made,) = home.projects()
    assert isinstance(made, Project)
    assert made.facts().title == "Käfer der Wiese"
    assert page.title[0].value == "Data"


def test_a_title_that_is_taken_is_said_in_a_sentence(home, open_page):
    home.create("Beetles", "image_classification")
    page = open_page("home")
    page.text_input(key="new_title").set_value("beetles")
    button(page, "Create").click().run()
    assert "There is a project" in page.error[0].value


def test_a_broken_project_stands_among_the_others(home, open_page):
    home.create("Good", "image_classification")
    bad = home.create("Bad", "image_classification")
    (bad.folder / "project.json").write_text("{", "utf-8")
    page = open_page("home")
    assert not page.exception
    assert "cannot be read" in page.error[0].value
    assert any(one.key == "open_good" for one in page.button)
