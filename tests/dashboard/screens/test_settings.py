"""The pages Settings and Plugins without a browser."""

from __future__ import annotations

import pytest

from kerascnn.spec import plugins
from kerascnn_dashboard.logic.machine import jobs_of
from tests.dashboard.made_runs import done_job, make_run
from tests.dashboard.made_runs import jobs_of as jobs_started

FOUND = [{"name": "keras", "ok": True, "text": "3.15"}, {"name": "disk", "ok": False, "text": "0 GiB free"}]


def _press(page, key):
    return next(button for button in page.button if button.key == key).click().run()


def test_an_empty_home_says_where_it_is_and_that_nothing_takes_room(home, open_page):
    page = open_page("settings")
    assert not page.exception
    assert str(home.folder) in [one.value for one in page.code]
    assert any("no project yet" in one.value for one in page.info)
    assert any("no login" in one.value for one in page.markdown)


def test_folders_that_may_be_read_are_kept(home, open_page, tmp_path):
    (tmp_path / "a").mkdir()
    page = open_page("settings")
    page.text_area(key="roots_text").set_value(f"{tmp_path / 'a'}\n\n")
    next(button for button in page.button if button.label == "Keep").click().run()
    assert [one.value for one in page.success] == ["Kept."]
    assert home.roots() == [tmp_path / "a"]


@pytest.mark.parametrize("text", ["/not/there", "relative", "/x\n<script>"])
def test_what_is_no_folder_is_refused_in_a_sentence(home, open_page, text, tmp_path):
    page = open_page("settings")
    page.text_area(key="roots_text").set_value(text)
    next(button for button in page.button if button.label == "Keep").click().run()
    assert "is no folder of this computer" in page.error[0].value
    assert not page.exception
    assert home.roots() == [tmp_path]


def test_damaged_settings_leave_the_rest_of_the_page(home, open_page):
    (home.folder / "settings.json").write_text("{")
    page = open_page("settings")
    assert not page.exception
    assert "cannot be read" in page.error[0].value
    assert any(button.key == "doctor" for button in page.button)


def test_checkpoints_are_removed_after_it_asked(home, open_page):
    run = make_run(home.create("P", "image_classification"))
    (run.path / "ckpt").mkdir()
    (run.path / "ckpt" / "a").write_bytes(b"x" * 5000)
    page = open_page("settings")
    assert next(button for button in page.button if button.key == "remove").disabled
    page.checkbox(key="remove_done").check().run()
    _press(page, "remove")
    assert (run.path / "ckpt").is_dir()
    _press(page, "remove_sure")
    assert not page.exception
    assert not (run.path / "ckpt").exists()


def test_the_doctor_is_a_job_that_six_clicks_start_once(home, open_page, started):
    page = open_page("settings")
    _press(page, "doctor")
    page.run()
    assert len(jobs_started(started)) == 1
    assert not page.exception
    assert any("Looking at this computer" in one.value for one in page.info)


def test_what_the_doctor_found_is_a_table_and_a_text(home, open_page):
    done_job(jobs_of(home), "doctor", FOUND, code=1)
    page = open_page("settings")
    assert not page.exception
    assert list(page.dataframe[-1].value["What"]) == ["disk", "keras"]
    assert "FAIL  disk: 0 GiB free" in [one.value for one in page.code][-2]


def test_a_doctor_that_said_nothing_is_an_error_with_its_log(home, open_page):
    job = done_job(jobs_of(home), "doctor", {}, code=1, log="error: no Python")
    (job.folder / "output.json").write_text("")
    page = open_page("settings")
    assert not page.exception
    assert "no Python" in page.error[0].value


def test_without_plugins_the_page_says_how_to_install_one(open_page, monkeypatch):
    monkeypatch.setattr("kerascnn_dashboard.logic.plugin_table.listed", list)
    page = open_page("plugins")
    assert not page.exception
    assert "No plugin is installed" in page.info[0].value
    assert any("pip install kerascnn-" in one.value for one in page.code)


def test_a_plugin_that_is_set_aside_is_shown_with_its_reason(open_page, tmp_path, monkeypatch):
    file = tmp_path / "broken_two.py"
    file.write_text("import no_such_module_at_all\n")
    monkeypatch.setenv(plugins.FILES, str(file))
    monkeypatch.setattr(plugins, "_broken", {})
    monkeypatch.setattr(plugins, "_loaded_plugins", set())
    page = open_page("plugins")
    assert not page.exception
    table = page.dataframe[0].value
    assert list(table[table["Plugin"] == "broken_two"]["State"]) == ["set aside"]
    assert any("no_such_module_at_all" in one.value for one in page.code)
